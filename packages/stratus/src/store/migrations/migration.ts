/** How the two databases write what they write differently. */
export interface ColumnTypes {
  /** A key that counts up by itself. */
  readonly id: string;
  readonly bytes: string;
  /** A text that is sorted by its bytes, not by the rules of a language. */
  readonly name: string;
  /** Statements that let a table refuse every change but additions; rows go only where `mayGo` holds, a condition about the row OLD. */
  appendOnly(table: string, key: readonly string[], mayGo: string): readonly string[];
}

/** One step of the schema. What was released is never changed: another step follows it. */
export interface Migration {
  /** For people, who see it in the table `schema_versions`. */
  readonly name: string;
  /** The statements, in order; all of a step take effect together. */
  statements(types: ColumnTypes): readonly string[];
}
