/** The types of tools that people make. */
export const kinds = ['api', 'mcp_server', 'code'] as const;
export type Kind = (typeof kinds)[number];
