/** The most bytes that the process has ever had in memory. */
export const peakMemory = (): number => process.resourceUsage().maxRSS * 1024;
