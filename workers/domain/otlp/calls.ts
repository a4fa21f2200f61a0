import { isTelling } from '../response-id.ts'
import { ancestorsOf, startOf, type Node } from './node.ts'

/** Clocks of two spans of one call differ by rounding alone: whole milliseconds at their ends. */
const SLACK_MS = 2
const USAGE = ['prompt', 'completion', 'total', 'cached', 'cache_write', 'reasoning'] as const

/**
 * Leaves each call of a model one node of class `llm`. A span above others is a roll-up; two instrumentations of one
 * call nest, or lie in different traces with the same id of the answer. What a roll-up sums is counted where no call
 * below it is in the payload.
 */
export function countCallsOnce(nodes: readonly Node[]): void {
  const calls = nodes.filter((node) => node.kind === 'llm')
  const inner = new Map<Node, Node[]>()
  for (const call of calls) {
    const outer = nextCallAbove(call)
    if (outer !== undefined) inner.set(outer, [...(inner.get(outer) ?? []), call])
  }
  // The innermost first, so that three reports of one call are two pairs.
  for (const outer of [...inner.keys()].sort((a, b) => depthOf(b) - depthOf(a)))
    settleNested(outer, (inner.get(outer) ?? []).map(standing))
  settleCopies(nodes.filter((node) => node.kind === 'llm'))
  keepRollUps(nodes)
}

/** Calls within a tool or an agent that a call started are calls of their own. */
function nextCallAbove(call: Node): Node | undefined {
  for (const at of ancestorsOf(call)) {
    if (at.kind === 'llm') return at
    if (at.kind !== 'other') return undefined
  }
  return undefined
}

function depthOf(node: Node): number {
  return [...ancestorsOf(node)].length
}

/** Where a call is counted, after the pairs below it are settled. */
function standing(call: Node): Node {
  return call.copyOf ?? call
}

function settleNested(outer: Node, calls: Node[]): void {
  const [call] = calls
  const isOne = calls.length === 1 && call !== undefined && !differ(outer.responseId, call.responseId)
  if (!isOne) outer.kind = 'agent'
  else if (richness(outer) > richness(call)) copy(call, outer)
  else copy(outer, call)
}

function differ(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && a !== b
}

function copy(from: Node, of: Node): void {
  from.kind = 'other'
  from.copyOf = of
  of.copy = from
  of.responseId ??= from.responseId
}

/** Of two reports of a call the one with more counts is right about cached tokens and the like. */
function richness({ facts }: Node): number {
  return USAGE.filter((fact) => facts[fact] !== undefined).length
}

/** Reports of one call in different traces, or beside one another, by the id of the answer. */
function settleCopies(calls: readonly Node[]): void {
  const byAnswer = new Map<string, Node[]>()
  for (const call of calls)
    if (call.responseId !== undefined && isTelling(call.responseId))
      byAnswer.set(call.responseId, [...(byAnswer.get(call.responseId) ?? []), call])
  for (const same of byAnswer.values()) {
    if (same.length < 2) continue
    // Some servers give all their answers one id: then it tells nothing.
    if (same.some((a) => same.some((b) => a !== b && !isSameCall(a, b)))) {
      for (const call of same) call.responseId = undefined
      continue
    }
    const [kept, ...copies] = same.sort((a, b) => Number(isRoot(a)) - Number(isRoot(b)) || richness(b) - richness(a))
    if (kept !== undefined) for (const other of copies) copy(other, kept)
  }
}

function isSameCall(a: Node, b: Node): boolean {
  if (a.span.traceId === b.span.traceId && a.parentId === b.parentId) return false
  return startOf(a) <= b.span.endMs + SLACK_MS && startOf(b) <= a.span.endMs + SLACK_MS
}

function isRoot({ parentId }: Node): boolean {
  return parentId === undefined
}

/**
 * A roll-up comes right after its last call, so its calls are in its payload when there are any. A payload of one span
 * tells nothing: exporters that send each span alone send the calls as well.
 */
function keepRollUps(nodes: readonly Node[]): void {
  if (nodes.length < 2) return
  const above = new Set<Node>()
  for (const node of nodes) if (node.kind === 'llm') for (const at of ancestorsOf(node)) above.add(at)
  const rolled = nodes.filter((node) => node.kind === 'agent' && !above.has(node) && richness(node) > 0)
  for (const node of rolled.sort((a, b) => depthOf(b) - depthOf(a))) {
    if (above.has(node)) continue
    node.isRollUp = true
    for (const at of ancestorsOf(node)) above.add(at)
  }
}
