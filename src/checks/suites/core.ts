/** The server itself: live, ready, and telling who it is. */
import type { ModelConfig } from '../../models/kinds.js';
import { type Check, expectThat, transports } from '../check.js';

/** Live, ready and metadata of the server, over each transport. A model that is declared as failed keeps it unready. */
export function coreChecks(models: ModelConfig[]): Check[] {
  const expected = models.every(({ initial }) => initial !== 'failed');
  return transports.flatMap((transport): Check[] => [
    {
      id: `core/live/${transport}`,
      title: 'ServerLive says true',
      transport,
      run: async (client, { signal }) => {
        expectThat(await client.serverLive({ signal }), 'ServerLive says false');
        return undefined;
      },
    },
    {
      id: `core/ready/${transport}`,
      title: `ServerReady says ${expected}`,
      transport,
      run: async (client, { signal }) => {
        const ready = await client.serverReady({ signal });
        expectThat(ready === expected, `ServerReady says ${ready}`);
        return undefined;
      },
    },
    {
      id: `core/metadata/${transport}`,
      title: 'ServerMetadata names the server and its version',
      transport,
      run: async (client, { signal }) => {
        const { name, version } = await client.serverMetadata({ signal });
        expectThat(name !== '', 'the name is empty');
        return version === '' ? 'the version is empty' : undefined;
      },
    },
  ]);
}
