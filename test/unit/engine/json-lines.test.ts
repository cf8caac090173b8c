import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readMessages } from '../../../src/engine/docker/json-lines.js';

async function* cutAt(bytes: Buffer, cuts: number[]): AsyncGenerator<Uint8Array> {
  let from = 0;
  for (const cut of [...cuts].sort((one, other) => one - other)) {
    yield bytes.subarray(from, Math.max(from, cut));
    from = Math.max(from, cut);
  }
  yield bytes.subarray(from);
}

async function read(text: string, cuts: number[] = []) {
  const messages: unknown[] = [];
  for await (const { status, id } of readMessages(cutAt(Buffer.from(text), cuts))) messages.push({ status, id });
  return messages;
}

describe('The messages of a daemon', () => {
  const sent = [{ status: 'Zieht schön 🚢' }, { status: 'b', id: 'x' }, { status: '' }];
  const text = sent.map((message) => `${JSON.stringify(message)}\r\n`).join('');

  it('are the same wherever lines and characters are cut', async () => {
    const whole = await read(text);
    expect(whole).toEqual(sent.map((message) => ({ id: undefined, ...message })));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(Buffer.byteLength(text))), async (cuts) => {
        expect(await read(text, cuts)).toEqual(whole);
      }),
    );
  });

  it('need no newline at the end, and may be none', async () => {
    expect(await read('\n{"status":"a"}\n\n{"status":"b"}')).toHaveLength(2);
    expect(await read('')).toEqual([]);
  });

  it.each([
    ['{"status":"a"}\n{"errorDetail":{"message":"no space left"},"error":"no space left"}\n', 'no space left'],
    ['{"error":"only this"}', 'only this'],
    ['{"error":""}', ''],
    ['{"error":{"code":3}}', /object/],
  ])('that tell of an error are one: %s', async (lines, words) => {
    await expect(read(lines)).rejects.toThrow(words);
  });

  it.each([
    '<html>bad gateway</html>',
    '{"status":"a"',
    '{"status":"a"}{"status":"b"}',
    '[]',
    'null',
    '3',
    '{"status":3}',
  ])('that are none are an error, which quotes them: %s', async (line) => {
    await expect(read(`{"status":"a"}\n${line}\n`)).rejects.toThrow(`the daemon answered ${JSON.stringify(line)}`);
  });
});
