import { expect, it } from 'vitest'
import { completeLock } from '../../scripts/lock.ts'

it('adds other platforms, keeps what is there, and names what this platform lacks', () => {
  const lock = {
    packages: {
      '': {},
      'node_modules/tool': {
        optionalDependencies: {
          '@tool/darwin-arm64': '1.2.3',
          '@tool/linux-x64-musl': '^1.2.3',
          '@tool/linux-x64-gnu': '1.2.3',
          '@tool/win32-x64': '1.2.3',
          nested: '1.0.0',
        },
      },
      'node_modules/@tool/win32-x64': { version: '1.2.3' },
      'node_modules/tool/node_modules/nested': { version: '1.0.0' },
    },
  }
  const { added, missing } = completeLock(lock)
  expect(added).toEqual(['@tool/darwin-arm64', '@tool/linux-x64-musl'])
  expect(missing).toEqual(['@tool/linux-x64-gnu'])
  expect(lock.packages).toMatchObject({
    'node_modules/@tool/darwin-arm64': { version: '1.2.3', os: ['darwin'], cpu: ['arm64'], optional: true },
    'node_modules/@tool/linux-x64-musl': {
      version: '1.2.3',
      os: ['linux'],
      cpu: ['x64'],
      libc: ['musl'],
      optional: true,
    },
    'node_modules/@tool/win32-x64': { version: '1.2.3' },
  })
  expect(Object.keys(lock.packages)).toEqual(Object.keys(lock.packages).sort())
})
