// Run by a test in a process of its own: takes the lock of a directory, says so, and holds it until it is killed.

import { lockDirectory } from '../lock.ts'

try {
  await lockDirectory(process.argv[2] as string)
  process.stdout.write('locked\n')
  process.stdin.resume()
} catch (error) {
  process.stdout.write(`${(error as { code: string }).code}\n`)
}
