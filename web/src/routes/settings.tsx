import { createFileRoute, Outlet } from '@tanstack/react-router';
import { SettingsFrame } from '~/app/SettingsFrame';

export const Route = createFileRoute('/settings')({ component: Settings });

function Settings() {
  return (
    <SettingsFrame>
      <Outlet />
    </SettingsFrame>
  );
}
