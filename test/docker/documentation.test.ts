/** What the pages show of Docker, run as a reader would; the rest of them runs in test/docs. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allPages, expectAsShown, readPage } from '../docs/pages.js';
import { type Reader, reader } from '../docs/run-block.js';
import { dockerLeftOvers } from './docker-harness.js';

const blocksOn = (page: string) =>
  readPage(page).blocks.filter(({ language, mark }) => language === 'console' && mark === 'docker');

describe.each(allPages().filter((page) => blocksOn(page).length > 0))('%s', (page) => {
  let machine: Reader;
  beforeAll(async () => {
    machine = await reader({ docker: true });
  });
  afterAll(async () => {
    await machine[Symbol.asyncDispose]();
    expect(await dockerLeftOvers(machine.name)).toEqual([]);
  });

  // In the order of the page: an `up` in one block serves the next.
  it.each(blocksOn(page))('line $line: the block does what it shows', async (block) => {
    await expectAsShown(block, machine);
  });
});
