import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import sparticuz, { inflate } from '@sparticuz/chromium'
import { chromium, type Browser } from 'playwright-core'

/** Chromium asks the network for updates, hints and the like; what draws and tests our pages must not. */
const QUIET = [
  '--no-sandbox',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-default-apps',
  '--disable-domain-reliability',
  '--disable-sync',
  '--disable-features=OptimizationHints,MediaRouter,Translate,AutofillServerCommunication,CertificateTransparencyComponentUpdater',
  '--metrics-recording-only',
  '--no-first-run',
  '--no-default-browser-check',
  '--no-pings',
]

const INSTALLED = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** Starts Chromium: the one in CHROMIUM_PATH, else one that is installed, else the one that came with `npm ci`. */
export async function launchBrowser(more: readonly string[] = []): Promise<Browser> {
  const quiet = [...QUIET, ...more]
  const installed = process.env['CHROMIUM_PATH'] ?? INSTALLED.find((path) => existsSync(path))
  if (installed) return chromium.launch({ executablePath: installed, args: quiet })
  const args = [...quiet, '--headless=shell', '--no-zygote']
  const executablePath = await sparticuz.executablePath()
  try {
    return await chromium.launch({ executablePath, args, env: environment() })
  } catch (error) {
    if (!/error while loading shared libraries/.test(String(error))) throw error
    return chromium.launch({ executablePath, args, env: await withOwnLibraries() })
  }
}

/** The environment for Chromium on a machine that lacks NSS: the package carries these libraries for such cases. */
async function withOwnLibraries(): Promise<Record<string, string>> {
  const packed = join(dirname(createRequire(import.meta.url).resolve('@sparticuz/chromium')), '../bin/al2023.tar.br')
  const libraries = join(await inflate(packed), 'lib')
  return { ...environment(), LD_LIBRARY_PATH: libraries }
}

/** Fonts come with the package too, for machines that have none. */
function environment(): Record<string, string> {
  const given = Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
  return existsSync('/etc/fonts') ? given : { FONTCONFIG_PATH: join(tmpdir(), 'fonts'), ...given }
}
