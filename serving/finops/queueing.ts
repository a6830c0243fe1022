/**
 * The chance that a request has to wait, with `servers` of them and an offered load in erlangs (requests a second times
 * seconds each). Erlang C, by the recursion of Erlang B: Kleinrock, Queueing Systems I, 1975, section 3.5.
 */
export function chanceToWait(servers: number, erlangs: number): number {
  if (erlangs >= servers) return 1;
  let blocked = 1; // Erlang B
  for (let count = 1; count <= servers; count++) blocked = (erlangs * blocked) / (count + erlangs * blocked);
  return blocked / (1 - (erlangs / servers) * (1 - blocked));
}

/** What is asked of a service. */
export interface Demand {
  readonly perSecond: number; // requests
  readonly cpuMs: number; // that each takes
  readonly targetMs: number; // within which all but `late` are answered
  readonly late: number; // share, such as 0.05
}

const fullest = 0.8; // of the processors: beyond, a moment's rush has nowhere to go

/**
 * Milliseconds within which all but `late` of the requests are answered by `processors`: an M/M/c queue's wait, and the
 * work itself. `Infinity` when they can't keep up.
 */
export function latencyMs(processors: number, { perSecond, cpuMs, late }: Demand): number {
  const erlangs = (perSecond * cpuMs) / 1000;
  if (erlangs >= processors) return Infinity;
  const waits = chanceToWait(processors, erlangs);
  const relief = (processors - erlangs) / cpuMs; // a millisecond
  return cpuMs + (waits <= late ? 0 : Math.log(waits / late) / relief);
}

/** Machines of `vcpus` processors that answer the demand in time, at least `fewest`; `undefined` when none can. */
export function machinesFor(demand: Demand, vcpus: number, fewest: number): number | undefined {
  if (demand.cpuMs > demand.targetMs) return undefined;
  const erlangs = (demand.perSecond * demand.cpuMs) / 1000;
  let machines = Math.max(fewest, Math.ceil(erlangs / (fullest * vcpus)));
  while (latencyMs(machines * vcpus, demand) > demand.targetMs) machines += 1;
  return machines;
}
