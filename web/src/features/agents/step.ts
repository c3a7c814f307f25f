import type { Field, Form } from './form';

/** What a step gets: the form, a way to change it, and what it lacks once the person wanted to go on. */
export interface StepProps {
  form: Form;
  edit(change: Partial<Form> | ((form: Form) => Form)): void;
  /** Words for what is missing in a field; nothing before "next" was pressed. */
  lacks(field: Field): string | undefined;
}

export const fieldId = (field: Field) => `wizard-${field}`;

/** What a way to get instructions gets. */
export interface WayProps {
  form: Form;
  /** Language of templates and phases. */
  lang: string;
  most: number;
  take: StepProps['edit'];
  /** Puts a text below what there is. */
  add(text: string): void;
}
