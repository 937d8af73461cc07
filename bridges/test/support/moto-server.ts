import { findPython, findPythonProgram, howToFetch, MOTO } from '../../../scripts/python-programs.mjs';
import { BrokerServer } from './broker-server.ts';
import { missing } from './programs.ts';

/** Why the tests with moto are skipped; `false`: they run. */
export const noMoto = missing(findPythonProgram(MOTO), howToFetch(MOTO));

/** A fake of SNS and SQS on one port. It forgets everything when it stops. */
export const startMoto = (): Promise<BrokerServer> =>
  BrokerServer.start(({ port }) => ({
    command: findPython() ?? 'python3',
    args: ['-m', 'moto.server', '-H', '127.0.0.1', '-p', `${port}`],
    env: { PYTHONPATH: findPythonProgram(MOTO) ?? '' },
  }));
