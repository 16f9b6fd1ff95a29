import { stepRace } from '../shared/step-race.ts';

export const run = stepRace('bert-base');
