import type { Cell } from '../../contract/tenant.ts'
import type { Home } from './port.ts'

/** Rows pass through the object that moves them: it runs where a pinned one of the two cells is. */
export function moverCell({ from, to }: { from: Home; to: Home }): Cell {
  return from.cell === 'global' ? to.cell : from.cell
}
