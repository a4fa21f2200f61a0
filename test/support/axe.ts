import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

const SETTLE_FRAMES_MAX = 60

/** A width in pixels and a scheme in which a page is looked at. */
export type Look = readonly [width: number, colorScheme: 'light' | 'dark']

/**
 * What axe finds wrong in a part of a page, the main one unless another is named; its context must bypass the page's policy
 * of scripts. Every rule is run, or those about colours.
 */
export async function violations(page: Page, root = 'main', rules: 'every' | 'colour' = 'every'): Promise<string[]> {
  // Compiling axe takes as long as running it: a document that was looked at before has it.
  if ((await page.evaluate('typeof axe')) === 'undefined') await page.evaluate(axeSource)
  return page.evaluate(
    async ({ part, rules }) => {
      const { axe } = globalThis as unknown as {
        axe: {
          run(
            root: string,
            options: { resultTypes: string[]; runOnly?: string[]; rules: Record<string, { enabled: boolean }> },
          ): Promise<{ violations: { id: string; nodes: { html: string; any: { message: string }[] }[] }[] }>
        }
      }
      // What passed is only not described node by node.
      const found = await axe.run(part, {
        resultTypes: ['violations'],
        // 24 px to click on (WCAG 2.2, 2.5.8): axe asks for it only when told to.
        rules: { 'target-size': { enabled: rules === 'every' } },
        ...(rules === 'colour' && { runOnly: ['color-contrast', 'link-in-text-block'] }),
      })
      return found.violations.map(
        ({ id, nodes }) =>
          `${id}: ${nodes
            .map(({ html, any: [reason] }) => `${html} ${reason?.message ?? ''}`)
            .join(' ')
            .slice(0, 500)}`,
      )
    },
    { part: root, rules },
  )
}

/**
 * Looks at one page, as it stands, in each of these widths and schemes: axe finds nothing in its main part or in the one
 * that is named, and nothing scrolls sideways.
 * Motion is reduced, else colours would be measured while they fade from one scheme into the other.
 */
export async function expectReadable(page: Page, looks: readonly Look[], root = 'main'): Promise<void> {
  for (const [at, [width, colorScheme]] of looks.entries()) {
    // A width that was looked at before differs in its colours only.
    const rules = looks.slice(0, at).some(([seen]) => seen === width) ? 'colour' : 'every'
    const where = `${root} of ${page.url()} at ${width} px, ${colorScheme}`
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.setViewportSize({ width, height: 900 })
    await settled(page)
    expect(await violations(page, root, rules), where).toEqual([])
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth'), where).toBeLessThanOrEqual(0)
  }
}

/** Drawings follow a new width a frame later, what they changed is laid out in the next, and colours pass from part to part. */
async function settled(page: Page): Promise<void> {
  await page.evaluate(async (framesMax) => {
    const { document, requestAnimationFrame: draw } = globalThis as unknown as {
      document: { getAnimations(): { playState: string }[] }
      requestAnimationFrame: (drawn: () => void) => void
    }
    const frame = () => new Promise<void>((drawn) => draw(drawn))
    await frame()
    for (let i = 0; i < framesMax; i++) {
      await frame()
      if (document.getAnimations().every(({ playState }) => playState !== 'running')) return
    }
  }, SETTLE_FRAMES_MAX)
}
