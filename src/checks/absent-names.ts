/** Names that no server has: what is asked by them must be refused. */

export const noSuchModel = 'kserve-env-no-such-model';

export const noSuchVersion = '987654321';
