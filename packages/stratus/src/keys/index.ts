export { type Guards, guarded } from './guard.ts';
export { isLoopback, type SiteAnswer, type SiteOptions, siteCheck } from './sites.ts';
