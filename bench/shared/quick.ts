/** Whether this is a short run that only shows that everything works. */
export const quick = process.env['STRATUS_BENCH_QUICK'] === '1';
