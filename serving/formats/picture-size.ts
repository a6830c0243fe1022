import { UnfitBodyError } from "./format.ts";

/** Of a picture, in pixels. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** @throws UnfitBodyError when a picture has another size than the model takes. */
export function checkSize(actual: PictureSize, { width, height }: PictureSize): void {
  if (actual.width === width && actual.height === height) return;
  throw new UnfitBodyError(
    `is a picture of ${actual.width} x ${actual.height} pixels, where ${width} x ${height} are needed`,
  );
}
