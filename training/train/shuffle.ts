import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

/** Gives 0 to `length` - 1 in a new order at each call (Fisher-Yates); the same seed gives the same orders. */
export function createShuffle(length: number, seed: number): () => number[] {
  const random = xoroshiro128plus(seed);
  return () => {
    const order = Array.from({ length }, (_, index) => index);
    for (let last = length - 1; last > 0; last--) {
      const other = uniformInt(random, 0, last);
      [order[last], order[other]] = [order[other] ?? other, order[last] ?? last];
    }
    return order;
  };
}
