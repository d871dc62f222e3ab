/** Made by `npm run types` from openapi.json. */
// eslint-disable-next-line
export interface paths { [path: string]: any }
export interface components { schemas: Record<string, never> }
