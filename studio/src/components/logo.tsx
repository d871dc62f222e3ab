/** The product's mark. */
export const Logo = ({ size = 28 }: { size?: number }) => (
  <svg className="mark" viewBox="0 0 32 32" width={size} height={size} aria-hidden>
    <rect width="32" height="32" rx="8" fill="#4f46e5" />
    <path
      d="M8 11h6l4 10h6M8 21h6l1.4-3.5M24 11h-6l-1.4 3.5"
      fill="none"
      stroke="#fff"
      strokeWidth="2.4"
      strokeLinecap="round"
      strokeLinejoin="round"
    />
  </svg>
);
