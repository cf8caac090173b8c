/** Reads what a page of documentation promises: its fenced blocks, and the commands in them. */

export interface Block {
  language: string;
  /** The word after the language: what the block needs, or why it is not run. Empty where there is none. */
  mark: string;
  /** 1-based line of the opening fence. */
  line: number;
  text: string;
}

/** One `$ command` of a console block, with the output shown below it. */
export interface Example {
  command: string;
  /** Empty where none is shown. */
  output: string;
}

/** The fenced blocks of a page, in order. */
export function blocksOf(page: string): Block[] {
  const blocks: Block[] = [];
  let open: (Block & { lines: string[] }) | undefined;
  for (const [index, line] of page.split('\n').entries()) {
    const fence = /^```(\w*)(?: ([\w-]+))?$/.exec(line);
    if (open === undefined) {
      if (fence) open = { language: fence[1] ?? '', mark: fence[2] ?? '', line: index + 1, text: '', lines: [] };
    } else if (fence) {
      const { lines, ...block } = open;
      blocks.push({ ...block, text: lines.join('\n') });
      open = undefined;
    } else open.lines.push(line);
  }
  return blocks;
}

/** The commands of a console block; a line that ends in a backslash goes on in the next. */
export function examplesOf({ text }: Block): Example[] {
  const examples: Example[] = [];
  for (const line of text.split('\n')) {
    const last = examples.at(-1);
    if (line.startsWith('$ ')) examples.push({ command: line.slice(2), output: '' });
    else if (last?.output === '' && last.command.endsWith('\\')) last.command += `\n${line}`;
    else if (last) last.output += `${line}\n`;
  }
  return examples;
}

/** Matches output against what is shown, in which `...` stands for any text, and alone on a line for any lines. */
export function patternOf(shown: string): RegExp {
  const escaped = shown
    .trimEnd()
    .split('...')
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${escaped.join('[^]*?')}\\s*$`);
}

/** A link into the repository. */
export interface LocalLink {
  /** Relative to the page; empty for the page itself. */
  path: string;
  /** Without its #; empty where there is none. */
  anchor: string;
}

/** The links of a page that point into the repository, or to a place on the page itself. */
export function localLinksOf(page: string): LocalLink[] {
  const targets = [...page.matchAll(/\]\(([^)\s]+)\)/g), ...page.matchAll(/(?:src|href)="([^"]+)"/g)];
  return targets.flatMap(([, target = '']) => {
    const [path = '', anchor = ''] = target.split('#', 2);
    return /^[a-z]+:/.test(path) ? [] : [{ path, anchor }];
  });
}

/** The anchors of a page's headings, as GitHub makes them: small letters, no punctuation, `-` for each space. */
export function anchorsOf(page: string): string[] {
  let fenced = false;
  return page.split('\n').flatMap((line) => {
    if (line.startsWith('```')) fenced = !fenced;
    const heading = fenced ? undefined : /^#+ (.*)$/.exec(line)?.[1];
    if (heading === undefined) return [];
    const text = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    return [text.replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '').replaceAll(' ', '-')];
  });
}
