const types: Readonly<Record<string, string>> = {
  csv: 'text/csv',
  html: 'text/html',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  json: 'application/json',
  md: 'text/markdown',
  mlmodel: 'text/plain',
  pdf: 'application/pdf',
  png: 'image/png',
  svg: 'image/svg+xml',
  txt: 'text/plain',
  yaml: 'text/plain',
  yml: 'text/plain',
};

/** What a file is said to be, by its name. */
export const mediaType = (path: string): string => types[/[^./]*$/.exec(path)![0].toLowerCase()] ?? 'application/octet-stream';
