/** What is kept of an attempt's output, in bytes: so much from its beginning, and so much from its end. */
export const keptBytes = 1_048_576;
