import type { Me } from '../../workers/contract/api.ts'
import type { Theme } from '$lib/theme.ts'

declare global {
  namespace App {
    interface Error {
      message: string
      /** What the API calls it. */
      code?: string
      request_id?: string
    }
    interface Locals {
      /** Who is signed in. */
      me: Me | null
      theme: Theme
      /** The viewer's IANA time zone; UTC until the browser has told it. */
      zone: string
      request_id: string
      /** Whether a report is drawn, and nobody looks. */
      printing: boolean
    }
    interface Platform {
      env: { API: { fetch(request: Request): Promise<Response> }; APP_ENV: string }
    }
  }
}

export {}
