import { z } from "zod";

/** How a machine can be paid for. */
export const terms = ["onDemand", "reserved", "spot"] as const;
export type Term = (typeof terms)[number];

const hourly = z.number().positive(); // in the table's currency

/** A kind of machine and what it costs an hour. */
export const Machine = z.strictObject({
  name: z.string().min(1),
  vcpus: z.number().positive(),
  gpus: z.int().nonnegative().default(0),
  onDemand: hourly,
  reserved: hourly,
  spot: hourly,
});

/** List prices of Amazon EC2 in us-east-1, Linux, as of 2025, rounded; spot is a typical one. */
const ec2 = [
  { name: "c7i.large", vcpus: 2, gpus: 0, onDemand: 0.0893, reserved: 0.059, spot: 0.036 },
  { name: "c7i.xlarge", vcpus: 4, gpus: 0, onDemand: 0.1785, reserved: 0.118, spot: 0.071 },
  { name: "m7i.large", vcpus: 2, gpus: 0, onDemand: 0.1008, reserved: 0.0667, spot: 0.04 },
  { name: "g4dn.xlarge", vcpus: 4, gpus: 1, onDemand: 0.526, reserved: 0.331, spot: 0.2 },
  { name: "g6.xlarge", vcpus: 4, gpus: 1, onDemand: 0.805, reserved: 0.52, spot: 0.31 },
];

/** What machines cost: every figure of `npm run finops` and of reports follows from it. */
export const Prices = z.strictObject({
  currency: z.string().length(3).default("USD"),
  machines: z.array(Machine).min(1).default(ec2),
});

export type Machine = z.infer<typeof Machine>;
export type Prices = z.infer<typeof Prices>;
