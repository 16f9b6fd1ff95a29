/** The version of this package; a check holds it together with package.json. */
export const version = '0.1.0';
