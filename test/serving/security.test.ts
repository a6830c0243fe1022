import { afterEach, expect, test } from "vitest";
import { buildApp } from "#serving/app.ts";
import { createLifecycle } from "#serving/lifecycle.ts";
import type { Access } from "#serving/security.ts";
import { flower, irisServed } from "#test/parts/iris-served.ts";

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

async function start(access?: Access) {
  const served = irisServed();
  const limits = { bodyLimitBytes: 1_048_576, requestTimeoutMs: 1000 };
  const app = await buildApp({ served, lifecycle: createLifecycle(served), limits, ...(access && { access }) });
  open.push(() => app.close());
  const predict = (headers: Record<string, string> = {}) =>
    app.inject({ method: "POST", url: "/predict", headers, payload: flower });
  return { app, predict };
}

const token = "a token of some length";

test("answers tell browsers to guess, frame and keep nothing; the pages of /docs may run their own scripts only", async () => {
  const { app, predict } = await start();
  for (const answer of [await predict(), await app.inject("/nothing"), await app.inject("/v2/health/live")]) {
    expect(answer.headers).toMatchObject({
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      "cache-control": "no-store",
    });
  }
  const policy = String((await app.inject("/docs/")).headers["content-security-policy"]);
  expect(policy).toContain("script-src 'self'");
  expect(policy).not.toContain("unsafe-eval");
});

test("with a token, the model and what is known of it are for those who have it; health, figures and docs stay open", async () => {
  const { app, predict } = await start({ token, corsOrigins: [] });
  for (const authorization of ["", token, `Bearer ${token}x`, `Basic ${token}`]) {
    const answer = await predict(authorization ? { authorization } : {});
    expect(answer.statusCode).toBe(401);
    expect(answer.headers["www-authenticate"]).toBe("Bearer");
    expect(answer.json()).toMatchObject({ status: 401, detail: expect.stringContaining("Authorization: Bearer") });
  }
  expect((await predict({ authorization: `Bearer ${token}` })).statusCode).toBe(200);
  for (const [path, status] of Object.entries({
    "/version": 401,
    "/v2": 401,
    "/v2/models/iris": 401,
    "/v2/models/iris/ready": 401,
    "/v2/nothing": 401,
    "/v2/health/ready": 200,
    "/health/live": 200,
    "/health/ready": 200,
    "/metrics": 200,
    "/docs/json": 200,
  })) {
    expect([path, (await app.inject(path)).statusCode]).toEqual([path, status]);
  }
  const { components } = (await app.inject("/docs/json")).json();
  expect(components.securitySchemes).toEqual({ bearer: { type: "http", scheme: "bearer" } });
});

test("no web page may ask, unless it is named", async () => {
  const page = { origin: "https://page.example" };
  const closed = await start();
  expect((await closed.predict(page)).headers).not.toHaveProperty("access-control-allow-origin");
  const named = await start({ token, corsOrigins: ["https://page.example"] });
  const preflight = await named.app.inject({
    method: "OPTIONS",
    url: "/predict",
    headers: { ...page, "access-control-request-method": "POST" },
  });
  expect(preflight.statusCode).toBe(204);
  expect(preflight.headers["access-control-allow-origin"]).toBe("https://page.example");
  const stranger = await named.predict({ origin: "https://other.example", authorization: `Bearer ${token}` });
  expect(stranger.headers["access-control-allow-origin"]).not.toBe("https://other.example");
});
