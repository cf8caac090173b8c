/** Who may speak to the server, and how: the sections `tls` and `auth` of the config file. */
import { isIP } from 'node:net';
import * as z from 'zod';

const file = z.string().min(1).max(4096);

/** A name that a certificate can be for: a host's, `*.` and a domain, or an IP address. */
const certificateName = z
  .string()
  .refine((text) => isIP(text) !== 0 || /^(\*\.)?(?!-)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/i.test(text), {
    error: 'a host name or an IP address',
  });

/** Certificates of our own making. */
const ownTls = z.strictObject({
  mode: z.literal('auto').describe('Certificates are made for this environment, by an authority of its own.'),
  mtls: z.boolean().default(false).describe('Clients must show a certificate, too; one is made for them.'),
  names: z
    .array(certificateName)
    .max(100)
    .default([])
    .describe('What the certificate is for, beside this machine and the container.'),
});

/** Certificates that somebody has. Paths are relative to the config file. */
const givenTls = z
  .strictObject({
    cert: file.describe("The server's certificate, PEM."),
    key: file.describe('Its key, PEM.'),
    ca: file.optional().describe("What clients check it against, PEM; without it the system's authorities."),
    clientCa: file.optional().describe('Clients must show a certificate of one of these authorities, PEM.'),
    clientCert: file.optional().describe('The one that kserve-env itself shows, PEM.'),
    clientKey: file.optional().describe('Its key, PEM.'),
  })
  .refine(({ clientCa, clientCert, clientKey }) => !clientCa === !clientCert && !clientCert === !clientKey, {
    error:
      'clientCa, clientCert and clientKey together: a server that wants certificates of clients wants one of kserve-env',
  });

/** The section `tls`. */
export const tlsSchema = z
  .union([z.enum(['off', 'auto']), ownTls, givenTls], {
    error: 'off, auto, or a mapping with mode or with cert and key',
  })
  .transform((value): TlsConfig => {
    if (value === 'off') return { mode: 'off' };
    if (value === 'auto') return { mode: 'auto', mtls: false, names: [] };
    return 'mode' in value ? value : { mode: 'files', ...value };
  });

/** TLS of both ports. Paths are as written. */
export type TlsConfig = { mode: 'off' } | z.output<typeof ownTls> | ({ mode: 'files' } & z.output<typeof givenTls>);

const isAuto =
  'auto; a token itself has no place in a file that others read: name its file with tokenFile, or a variable';

/** The section `auth`. */
export const authSchema = z
  .strictObject({
    token: z
      .string()
      .refine((text) => text === 'auto', { error: isAuto })
      .meta({ const: 'auto' })
      .optional()
      .describe('auto: one is made for this environment.'),
    tokenFile: file.optional().describe('A file with the token, relative to the config file.'),
    tokenVariable: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, { error: 'the name of an environment variable' })
      .optional()
      .describe('An environment variable of kserve-env that has the token.'),
  })
  .refine((auth) => Object.values(auth).filter((value) => value !== undefined).length === 1, {
    error: 'one of token: auto, tokenFile and tokenVariable',
  });
