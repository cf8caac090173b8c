/** Architectures in Docker's words. */

const dockerNames: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64', ia32: '386' };

/** Node's name of an architecture in Docker's words (GOARCH). */
export function dockerArchitecture(arch: NodeJS.Architecture): string {
  return dockerNames[arch] ?? arch;
}
