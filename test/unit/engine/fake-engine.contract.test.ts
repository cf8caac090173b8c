import { describeEngine } from '../../contract/engine-contract.js';
import { fakeEngine } from '../../fakes/fake-engine.js';

describeEngine('The fake', async () => {
  const engine = fakeEngine();
  return {
    engine,
    kill: async (instance) => await engine.die(instance.name),
    leftOvers: async (name) => ((await engine.inspect(name)) ? [name] : []),
    close: async () => await engine[Symbol.asyncDispose](),
  };
});
