/**
 * Session settings for threads that wait for work. In a loop they are quick to start, but must not go on for long when the run is over: not at all, or where runs
 * follow each other closely for a millisecond, with short pauses.
 */
export const spinning = (inARow: boolean): Readonly<Record<string, string>> =>
  inARow
    ? {
        'session.force_spinning_stop': '0',
        'session.intra_op.spin_duration_us': '1000',
        'session.intra_op.spin_backoff_max': '1',
      }
    : { 'session.force_spinning_stop': '1' };
