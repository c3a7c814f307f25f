import type { Field, ToolForm } from './form';

/** What a part of the form gets. */
export interface PartProps {
  form: ToolForm;
  edit(change: Partial<ToolForm>): void;
  /** What keeps a field from being sent, in words; said once saving was tried. */
  wrong(field: Field): string | undefined;
}
