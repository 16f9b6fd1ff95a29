import { stepRace } from '../shared/step-race.ts';

export const run = stepRace('gpt-10m');
