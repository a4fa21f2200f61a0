import { createServer } from 'node:net'
import { StartError } from './errors.ts'

/** The port itself when nobody listens on it; any free one for 0. */
export function freePort(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => reject(new StartError(portProblem(error, host, port))))
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address()
      const found = typeof address === 'object' && address ? address.port : port
      server.close(() => resolve(found))
    })
  })
}

function portProblem(error: NodeJS.ErrnoException, host: string, port: number): string {
  if (error.code === 'EADDRINUSE')
    return `port ${port} is already in use: stop what listens there, or set PORT to another one`
  if (error.code === 'EACCES') return `port ${port} may not be opened by this user: set PORT to one above 1023`
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND') return `HOST ${host} is no address of this machine`
  return `cannot listen on ${host}:${port}: ${error.message}`
}
