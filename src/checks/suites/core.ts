/** The server itself: live, ready, and telling who it is. */
import { type Check, expectThat, transports } from '../check.js';

/** Live, ready and metadata of the server, over each transport. */
export function coreChecks(): Check[] {
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
      title: 'ServerReady says true',
      transport,
      run: async (client, { signal }) => {
        expectThat(await client.serverReady({ signal }), 'ServerReady says false');
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
