import { afterEach, describe, expect, it, vi } from 'vitest'
import { Lanes, STUCK_MS } from '../../../workers/edge/lanes.ts'

const lanesOf = (items: number, bytes = 1_000) => new Lanes<number>({ items, bytes, bytesOf: () => 1 })

/** A flush that ends when told. */
function heldFlush() {
  const flushes: { items: number[]; end: PromiseWithResolvers<undefined> }[] = []
  const flush = (items: number[]) => {
    const end = Promise.withResolvers<undefined>()
    flushes.push({ items, end })
    return end.promise
  }
  return { flushes, flush }
}
const settle = () => new Promise((resolve) => setTimeout(resolve, 0))
afterEach(() => void vi.useRealTimers())

describe('group commit', () => {
  it('flushes the first at once and who came meanwhile together, each told when its own is done', async () => {
    const lanes = lanesOf(10)
    const { flushes, flush } = heldFlush()
    const done: string[] = []
    const ride = (name: string, ...items: number[]) => lanes.ride('p', items, flush).then(() => done.push(name))
    const rides = [ride('a', 1), ride('b', 2), ride('c', 3, 4)]
    await settle()
    expect(flushes.map((f) => f.items)).toEqual([[1]])
    flushes[0]?.end.resolve(undefined)
    await settle()
    expect([flushes.map((f) => f.items), done]).toEqual([[[1], [2, 3, 4]], ['a']])
    flushes[1]?.end.resolve(undefined)
    await Promise.all(rides)
    expect(done.sort()).toEqual(['a', 'b', 'c'])
  })

  it('takes no more along than fit, but one request whole', async () => {
    const lanes = lanesOf(2)
    const seen: number[][] = []
    const flush = async (items: number[]) => {
      await settle()
      seen.push(items)
    }
    await Promise.all([[1], [2, 3, 4], [5], [6], [7]].map((items) => lanes.ride('p', items, flush)))
    expect(seen).toEqual([[1], [2, 3, 4], [5, 6], [7]])
  })

  it('tells those of a failed flush, and goes on', async () => {
    const lanes = lanesOf(10)
    const { flushes, flush } = heldFlush()
    const first = lanes.ride('p', [1], flush)
    const second = lanes.ride('p', [2], flush)
    const third = lanes.ride('p', [3], flush)
    await settle()
    flushes[0]?.end.resolve(undefined)
    await first
    await settle()
    flushes[1]?.end.reject(new Error('full'))
    await expect(second).rejects.toThrow('full')
    await expect(third).rejects.toThrow('full')
    const fourth = lanes.ride('p', [4], flush)
    await settle()
    flushes[2]?.end.resolve(undefined)
    await fourth
    expect(flushes.map((f) => f.items)).toEqual([[1], [2, 3], [4]])
  })

  it('keeps lanes apart', async () => {
    const lanes = lanesOf(10)
    const { flushes, flush } = heldFlush()
    const rides = [lanes.ride('p', [1], flush), lanes.ride('q', [2], flush)]
    await settle()
    expect(flushes.map((f) => f.items)).toEqual([[1], [2]])
    for (const { end } of flushes) end.resolve(undefined)
    await Promise.all(rides)
  })

  it('waits for nobody whose leader is gone', async () => {
    vi.useFakeTimers()
    const lanes = lanesOf(10)
    const lost = heldFlush()
    void lanes.ride('p', [1], lost.flush)
    const seen: number[][] = []
    const flush = async (items: number[]) => {
      seen.push(items)
    }
    const rides = Promise.all([lanes.ride('p', [2], flush), lanes.ride('p', [3], flush)])
    await vi.advanceTimersByTimeAsync(STUCK_MS - 1)
    expect(seen).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    await rides
    expect(seen.flat().sort()).toEqual([2, 3])
    await lanes.ride('p', [4], flush)
    expect(seen.at(-1)).toEqual([4])
  })
})
