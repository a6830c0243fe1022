/** The user's data or configuration is wrong; the message says where and how to mend it. Programs exit with 42. */
export class BadInputError extends Error {
  override name = "BadInputError";
}
