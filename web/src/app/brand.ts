/** The one place with the product's name: everything else asks here, so that an operator can change it. */
export const brand = { name: 'Griot' } as const;
