import { stepRace } from '../shared/step-race.ts';

export const run = stepRace('gpt2-124m');
