// Run by a test in a process of its own: replaces a file again and again until it is killed. Every content is one
// byte repeated, and each is of another length.

import { replaceFile } from '../kept-file.ts'

const path = process.argv[2] as string
for (let i = 0; ; i++) {
  await replaceFile(path, new Uint8Array(100_000 + (i % 7) * 50_000).fill(i))
  if (i === 5) process.stdout.write('writing\n')
}
