import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkout } from './check.ts'
import { readCommand } from './simulate/command.ts'
import { mixed, planBatches, replayCommand } from './simulate/runs.ts'

function simulate(...args: string[]) {
  const program = ['--conditions=@cachemesh/source', join(checkout, 'scripts/simulate.ts')]
  return spawnSync(process.execPath, [...program, ...args], { encoding: 'utf8' })
}

describe('simulate', () => {
  it('ends with one line of JSON, the same for any number of threads but for the CPU time', () => {
    const runs = [1, 2].map(threads =>
      simulate(
        '--nodes',
        '4',
        '--seeds',
        '3',
        '--minutes',
        '1',
        '--workers',
        `${threads}`,
        '--format',
        'json',
      ),
    )
    const results = runs.map(({ stdout, stderr, status }) => {
      expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
      return JSON.parse(stdout.trimEnd().split('\n').at(-1)!)
    })
    const { cpuSeconds, nodeHoursPerCpuSecond, ...summary } = results[0]
    expect(results[1]).toMatchObject(summary)
    expect(summary).toMatchObject({ scenario: 'storm', nodes: 4, seeds: 3, violations: 0, failedSeeds: [] })
    expect(summary.convergence.p50).toBeLessThanOrEqual(summary.convergence.p99)
    expect(Object.keys(summary.detection)).toEqual(['p50', 'p99', 'max'])
    expect(summary.falseRemovals).toBe(0)
    expect(summary.perNode.bytes).toBeGreaterThan(0)
    expect(summary.perNode.messages).toBeGreaterThan(0)
    expect(nodeHoursPerCpuSecond).toBeCloseTo(summary.simulatedNodeHours / cpuSeconds, 1)
  })

  it('prints a table for people', () => {
    const { stdout, status } = simulate('--nodes', '2', '--seed', '5', '--minutes', '1')
    expect(status).toBe(0)
    expect(stdout).toMatch(/^violations +0$/m)
    expect(stdout).toMatch(/^convergence p99 +\S+$/m)
  })

  it('leaves out the seeds that have not begun when its time is over, and says so', () => {
    const { stdout, stderr, status } = simulate(
      ...['--nodes', '3', '--seeds', '1000000', '--minutes', '1', '--workers', '2'],
      ...['--within', '5', '--format', 'json'],
    )
    const { seeds } = JSON.parse(stdout.trimEnd().split('\n').at(-1) as string)
    expect(status).toBe(0)
    expect(seeds).toBeLessThan(1_000_000)
    expect(stderr).toBe(`simulate: ${seeds} of 1000000 seeds, then the time was over\n`)
  })

  it('says what is wrong with its options, and ends with 2', () => {
    const { stdout, stderr, status } = simulate('--nodes', 'many')
    expect({ stdout, status }).toEqual({ stdout: '', status: 2 })
    expect(stderr).toMatch(/^simulate: --nodes many is not a number from 1 to 10000\nusage: /)
  })
})

describe('options', () => {
  it('have defaults', () => {
    expect(readCommand([])).toEqual({
      scenario: 'storm',
      nodes: 10,
      firstSeed: 1,
      seeds: 20,
      durationMs: 120_000,
      without: [],
      workers: availableParallelism(),
      withinMs: Number.POSITIVE_INFINITY,
      format: 'table',
      trace: false,
    })
    expect(readCommand(['--seed', '7'])).toMatchObject({ firstSeed: 7, seeds: 1 })
    expect(readCommand(['--hours', '1', '--loss', '0.05'])).toMatchObject({
      durationMs: 3_600_000,
      loss: 0.05,
    })
    expect(readCommand(['--scenario', 'lossy'])).toMatchObject({ scenario: 'lossy', durationMs: 3_600_000 })
    expect(readCommand(['--mix', 'ci'])).toMatchObject({ mix: 'ci', seeds: 1_000 })
  })

  it.each([
    ['--fish', 'Unknown option'],
    ['--nodes=2.5', '--nodes 2.5 is not a whole number'],
    ['--nodes=', 'is not a number from 1 to 10000'],
    ['--seeds=0', 'is not a number from 1'],
    ['--seed=-1', 'is not a number from 0'],
    ['--loss=1.5', 'is not a number from 0 to 1'],
    ['--loss=NaN', 'is not a number from 0 to 1'],
    ['--minutes=0.5', 'is not a number from 1'],
    ['--hours=0.001', 'is not a number from'],
    ['--minutes=1 --hours=1', 'give one of them'],
    ['--format=xml', '--format xml is none of table, json'],
    ['--scenario=rain', '--scenario rain is none of storm, storm-replicas'],
    ['--mix=ci --nodes=3', '--mix says what --nodes would'],
    ['--without=luck', '--without luck is none of refutation'],
    ['--workers=0', 'is not a number from 1'],
    ['--trace', 'one seed'],
    ['stray', 'Unexpected argument'],
  ])('are refused: %s', (args, wrong) => {
    expect(() => readCommand(args.split(' '))).toThrow(wrong)
  })

  it.each([
    ['--nodes 50 --hours 1 --loss 0.05', 'npm run simulate -- --nodes 50 --minutes 60 --loss 0.05 --seed 3'],
    ['--scenario heal', 'npm run simulate -- --scenario heal --nodes 10 --minutes 2 --seed 3'],
    [
      '--scenario lossy --detector naive --without hold --without helpers',
      'npm run simulate -- --scenario lossy --nodes 10 --minutes 60 --detector naive --without hold --without helpers --seed 3',
    ],
    ['--mix ci', 'npm run simulate -- --nodes 6 --minutes 10 --seed 3'],
  ])('are all in the command that replays a seed: %s', (asked, replay) => {
    const command = readCommand([...asked.split(' '), '--seeds', '9'])
    const run = planBatches(command)[0]?.runs[2]
    expect(run && replayCommand(run)).toBe(replay)
    const again = readCommand((replay.split(' -- ')[1] as string).split(' '))
    expect(planBatches(again)[0]?.runs).toEqual([run])
  })
})

it('a mix has four small meshes of five, and one of a hundred in a hundred', () => {
  const runs = Array.from({ length: 1_000 }, (_, seed) => mixed(seed))
  const count = (of: (nodes: number) => boolean): number => runs.filter(({ nodes }) => of(nodes)).length
  expect([count(nodes => nodes <= 10), count(nodes => nodes === 30), count(nodes => nodes === 100)]).toEqual([
    800, 190, 10,
  ])
  expect(new Set(runs.map(({ nodes }) => nodes))).toEqual(new Set([3, 4, 5, 6, 7, 8, 9, 10, 30, 100]))
})
