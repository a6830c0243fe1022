/** Splits the program's life, from its start, into named stages; `end` prints their milliseconds and `result` as JSON. */
export function createStages() {
  const stages: Record<string, number> = {};
  let lastMs = 0; // performance.now() counts from the start of the process
  return {
    done(stage: string): void {
      const nowMs = performance.now();
      stages[stage] = nowMs - lastMs;
      lastMs = nowMs;
    },
    end(result: Record<string, unknown>): void {
      console.log(JSON.stringify({ ...result, stages }));
    },
  };
}
