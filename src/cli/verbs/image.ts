import { Argument } from 'commander';
import { UsageError } from '../../errors.js';
import { pick } from '../options.js';
import { configFlags, type GlobalFlags, reportError } from '../run.js';
import type { Cli } from '../verb.js';

type ImageFlags = GlobalFlags & { output?: string; force?: boolean };

/** `image`: moves the image between machines by file, and lists what there is. */
export function imageVerb(cli: Cli): void {
  cli
    .verb('image', 'save the image to a file, load one, or list those of kserve-env')
    .addArgument(new Argument('<action>', 'what to do').choices(['save', 'load', 'list']))
    .argument('[file]', 'archive to load, - for standard input')
    .option('-o, --output <file>', 'where to save; - or nothing for standard output')
    .option('-f, --force', 'replace a file that is there')
    .action(async (action: 'save' | 'load' | 'list', file: string | undefined, flags: ImageFlags) => {
      const misuse = misuseOf(action, file, flags);
      if (misuse) cli.finish(reportError('image', cli.terminal, flags, misuse));
      else await actions[action](cli, flags, file ?? '-');
    });
}

function misuseOf(action: string, file: string | undefined, { output, force }: ImageFlags): UsageError | undefined {
  const hint = 'kserve-env image --help';
  if (action === 'load' && file === undefined)
    return new UsageError('Say which archive to load', { hint: 'kserve-env image load FILE, or - for standard input' });
  if (action === 'save' && file !== undefined)
    return new UsageError(`image save takes no file but by --output`, {
      hint: `kserve-env image save --output ${file}`,
    });
  if (action === 'list' && file !== undefined) return new UsageError('image list takes no file', { hint });
  if (action !== 'save' && (output !== undefined || force !== undefined))
    return new UsageError(`--output and --force are for image save`, { hint });
  return undefined;
}

const actions = {
  async save(cli: Cli, flags: ImageFlags) {
    const { imageSave } = await import('../../commands/image-save.js');
    const { renderImageSave } = await import('../render-images.js');
    const { stdout } = cli.terminal;
    const options = { ...pick(flags, 'output', 'force'), stdout, stdoutTaken: flags.json === true };
    const save = { flags: configFlags(flags), ...options };
    await cli.run('image', flags, (context) => imageSave(save, context), renderImageSave);
  },
  async load(cli: Cli, flags: ImageFlags, file: string) {
    const { imageLoad } = await import('../../commands/image-load.js');
    const { renderImageLoad } = await import('../render-images.js');
    const load = { flags: configFlags(flags), file, stdin: process.stdin };
    await cli.run('image', flags, (context) => imageLoad(load, context), renderImageLoad);
  },
  async list(cli: Cli, flags: ImageFlags) {
    const { imageList } = await import('../../commands/image-list.js');
    const { renderImageList } = await import('../render-images.js');
    await cli.run('image', flags, (context) => imageList({ flags: configFlags(flags) }, context), renderImageList);
  },
};
