/*
 * The part of Nest that the module uses. With it the library compiles without Nest. Nest 10 and later have
 * it; `samples/frameworks` runs and compiles the module beside Nest itself.
 */
declare module "@nestjs/core" {
  type ContextId = { readonly id: number };
  type Token = string | symbol | Function;

  export abstract class ModuleRef {
    abstract resolve<T>(token: Token, contextId: ContextId, options: { readonly strict: false }): Promise<T>;
    abstract registerRequestByContextId(request: unknown, contextId: ContextId): void;
  }
  export class DiscoveryService {
    getProviders(): readonly { readonly metatype: unknown; isDependencyTreeStatic(): boolean }[];
  }
  export const DiscoveryModule: Function;
  export const ContextIdFactory: { create(): ContextId };
  export const REQUEST: Token;
}
