/** The one clock of the page: the machine's, read here and nowhere else. */

/** Milliseconds since 1970 by this machine, which may be wrong: the room knows the server's time. */
export const machineTime = () => Date.now();
