/** What a session takes besides its weights: graph, plan, arena. */
const perSession = 2 ** 20;
/** The weights of a file are in a session as they are, and packed for the kernels that multiply by them. */
const perByte = 4;

/**
 * What a session of a model takes of resident memory, in bytes, by the size of its artifact: an estimate from above. Asking the process how much it has
 * grown says little while others are loaded, asked and put away. Measured (decision 0043): 2.9 bytes for each byte of dense layers, up to 3.6 of
 * convolutions. What a run needs for its values is not in it: it is bounded by the limits of batches and queues.
 */
export const sessionBytes = (artifactBytes: number): number => perSession + perByte * artifactBytes;
