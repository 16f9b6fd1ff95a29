const isServer = (address: string): boolean => /^postgres(ql)?:/.test(address);

/** The address of a store without a password, for people; that of a file as it is. */
export function shownAddress(address: string): string {
  if (!isServer(address)) return address;
  if (!URL.canParse(address)) return 'postgres://';
  const { protocol, username, host, pathname } = new URL(address);
  return `${protocol}//${username ? `${username}@` : ''}${host}${pathname}`;
}

/** The project of those who name none. */
export const defaultProject = 'default';
