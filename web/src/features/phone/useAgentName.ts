import { useQuery } from '@tanstack/react-query';
import { speakersQuery } from './api';

/** The name of an agent; one that is gone is called by its reference. */
export function useAgentName(): (reference: string) => string {
  const agents = useQuery(speakersQuery()).data;
  return (reference) => agents?.find((a) => a.reference === reference)?.name || reference;
}
