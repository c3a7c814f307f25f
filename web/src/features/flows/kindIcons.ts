import {
  IconChecks,
  IconForms,
  IconListDetails,
  IconMessage,
  IconPhoneOff,
  IconSparkles,
  IconTool,
  IconUser,
} from '@tabler/icons-react';

export const kindIcons = {
  say: IconMessage,
  ask: IconForms,
  choose: IconListDetails,
  confirm: IconChecks,
  call: IconTool,
  model: IconSparkles,
  human: IconUser,
  end: IconPhoneOff,
};
