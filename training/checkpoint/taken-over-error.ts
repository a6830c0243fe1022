/** Another program has taken this training over, or ended it: what this one goes on to compute would be in vain. */
export class TakenOverError extends Error {
  override name = "TakenOverError";

  constructor(place: string) {
    super(
      `another program took over this training, or ended it, while this one was at it (${place}). This one stops; ` +
        "the other has its last checkpoint and loses nothing. The same command, started again, takes over in turn",
    );
  }
}
