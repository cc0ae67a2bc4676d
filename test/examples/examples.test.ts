/** Each example is a program that ends with status 0; here they run against the package as it is built. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';

const cwd = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);

describe('the examples', () => {
  beforeAll(() => run('npm', ['run', '--silent', 'build'], { cwd }), 60_000);

  it.each([
    ['service', '20 requests: 20 answered with 200'],
    ['wrap-fetch', '200 PUT /users/42'],
    ['unit-test', '2 tests passed'],
    ['siblings-yjs', 'all three replicas: tea, milk, jam'],
  ])(
    '%s',
    async (name, said) => {
      const { stdout } = await run(process.execPath, ['scripts/run.mjs', `examples/${name}/main.ts`], {
        cwd,
      });
      expect(stdout).toContain(said);
    },
    60_000,
  );

  it('redis-register', async () => {
    const { stdout } = await run(process.execPath, ['scripts/run.mjs', 'examples/redis-register/main.ts'], {
      cwd,
    });
    expect(stdout).toMatch(/the history is linearizable|skipped: redis-server is not installed/);
  }, 60_000);

  it('node --import evenkeel/debug writes the events of a program that knows nothing of it', async () => {
    const env = { ...process.env, DEBUG: 'evenkeel:retry', DEBUG_COLORS: '0' };
    const args = ['--import', 'evenkeel/debug', 'scripts/run.mjs', 'examples/wrap-fetch/main.ts'];
    const { stderr } = await run(process.execPath, args, { cwd, env });
    expect(stderr).toMatch(/evenkeel:retry retrying/);
    expect(stderr).not.toMatch(/evenkeel:balancer/);
  }, 60_000);
});
