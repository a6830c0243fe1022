/** What one call costs, in milliseconds: CPU of all threads on average, and the shortest wall time. */
export interface Cost {
  cpu: number;
  wall: number;
}

/** Runs it a few times to warm up, then `times` times. */
export function measured(run: () => void, times: number): Cost {
  for (let count = 0; count < 4; count++) run();
  const walls: number[] = [];
  const before = process.cpuUsage();
  for (let count = 0; count < times; count++) {
    const start = performance.now();
    run();
    walls.push(performance.now() - start);
  }
  const { user, system } = process.cpuUsage(before);
  return { cpu: (user + system) / 1000 / times, wall: Math.min(...walls) };
}
