export { type AccessOptions, type Authorizer, type HeaderSource, openAuthorizer } from './authorize.ts';
export { type Client, checkManage, checkModel } from './client.ts';
export { clientOf, type Guards, guarded } from './guard.ts';
export { createKey, type Key, type NewKey, readKeys, revokeKey } from './key-file.ts';
export { rateLimiter, type TakeTurn } from './rate.ts';
export { isLoopback, type SiteAnswer, type SiteOptions, siteCheck } from './sites.ts';
export type { TokenOptions } from './tokens.ts';
