import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { Reporter, TestCase, TestModule } from 'vitest/node';

/** A test that did not run. */
export interface Skipped {
  readonly name: string;
  readonly why: string;
}

/** What a whole run comes to. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly Skipped[];
}

/** The part of a vitest module that is read. */
export interface Module {
  readonly moduleId: string;
  readonly children: { allTests(): Iterable<Pick<TestCase, 'fullName' | 'options' | 'result'>> };
  errors(): readonly unknown[];
}

/** Counts tests; a file that could not be loaded and an error outside every test count as one failure each. */
export function count(modules: readonly Module[], unhandled: number): Counts {
  let passed = 0;
  let failed = unhandled;
  const skipped: Skipped[] = [];
  for (const module of modules) {
    failed += module.errors().length;
    for (const test of module.children.allTests()) {
      const result = test.result();
      if (result.state === 'passed') passed++;
      else if (result.state === 'failed') failed++;
      else {
        const note = result.state === 'skipped' ? result.note : undefined;
        const why = note ?? (test.options.mode === 'todo' ? 'to be written' : 'skipped in the file, without a reason');
        skipped.push({ name: `${relative(process.cwd(), module.moduleId)} > ${test.fullName}`, why });
      }
    }
  }
  return { passed, failed, skipped };
}

/** Writes the counts to the file that STRATUS_TEST_REPORT names, for tools/test.mjs. Unlike vitest's JSON, with the reasons. */
export default class TestReport implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const file = process.env.STRATUS_TEST_REPORT;
    if (file !== undefined) writeFileSync(file, JSON.stringify(count(modules as readonly Module[], unhandled.length)));
  }
}
