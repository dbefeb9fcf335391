// Sums of ECP5 in one chain of CCU2C cells that needs nothing at its ends.
//
// Each half of a CCU2C has a table of four inputs, L, and one of the first two of them, G; its sum is
// L ^ carry in, its carry out is G where L = 0, else the carry in. The first half here has L = 0, so that
// G begins the chain whatever the unconnected carry input reads. Carries that something else
// needs are made from the sum, so that nothing leaves the chain.
//
// An even sum of known kind leaves its lowest bit outside: G makes that bit's carry. So n bits take
// n + 1 sites, for an even n and for an odd one.
(* techmap_celltype = "$alu" *)
module ccu2c_alu(A, B, CI, BI, X, Y, CO);
  parameter A_SIGNED = 0;
  parameter B_SIGNED = 0;
  parameter A_WIDTH = 1;
  parameter B_WIDTH = 1;
  parameter Y_WIDTH = 1;
  parameter _TECHMAP_CONSTMSK_CI_ = 0;
  parameter _TECHMAP_CONSTVAL_CI_ = 0;
  parameter _TECHMAP_CONSTMSK_BI_ = 0;
  parameter _TECHMAP_CONSTVAL_BI_ = 0;
  (* force_downto *) input [A_WIDTH-1:0] A;
  (* force_downto *) input [B_WIDTH-1:0] B;
  input CI, BI;
  (* force_downto *) output [Y_WIDTH-1:0] X, Y, CO;

  // Shorter sums are smaller as tables.
  wire _TECHMAP_FAIL_ = Y_WIDTH <= 4;

  (* force_downto *) wire [Y_WIDTH-1:0] a, b, added;
  \$pos #(.A_SIGNED(A_SIGNED), .A_WIDTH(A_WIDTH), .Y_WIDTH(Y_WIDTH)) extend_a (.A(A), .Y(a));
  \$pos #(.A_SIGNED(B_SIGNED), .A_WIDTH(B_WIDTH), .Y_WIDTH(Y_WIDTH)) extend_b (.A(B), .Y(b));
  assign added = b ^ {Y_WIDTH{BI}};
  assign X = a ^ added;
  assign CO = (a & added) | (X & ~Y);

  localparam KNOWN = _TECHMAP_CONSTMSK_CI_ && _TECHMAP_CONSTMSK_BI_;
  localparam OUTSIDE = (KNOWN && Y_WIDTH % 2 == 0) ? 1 : 0;
  localparam CELLS = (Y_WIDTH - OUTSIDE + 2) / 2;

  // G for (b, a) = 11, 10, 01, 00: the carry of the lowest bit, or a, which is CI.
  localparam [3:0] FIRST =
    !OUTSIDE ? 4'b1010 :
    _TECHMAP_CONSTVAL_BI_ ? (_TECHMAP_CONSTVAL_CI_ ? 4'b1011 : 4'b0010) :
    (_TECHMAP_CONSTVAL_CI_ ? 4'b1110 : 4'b1000);
  // L = a ^ b ^ (inverted) and G = a, for inputs (1, inverted, b, a).
  localparam [15:0] SUM = 16'b1001011010101010;

  (* force_downto *) wire [2*CELLS-1:0] half_a, half_b, half_y;
  assign half_a[0] = OUTSIDE ? a[0] : CI;
  assign half_b[0] = OUTSIDE ? b[0] : 1'b0;
  assign half_a[2*CELLS-1:1] = a[Y_WIDTH-1:OUTSIDE];
  assign half_b[2*CELLS-1:1] = b[Y_WIDTH-1:OUTSIDE];
  assign Y[Y_WIDTH-1:OUTSIDE] = half_y[Y_WIDTH-OUTSIDE:1];
  generate
    if (OUTSIDE)
      assign Y[0] = X[0] ^ CI;
  endgenerate

  (* force_downto *) wire [CELLS:1] carry;
  genvar i;
  generate
    for (i = 0; i < CELLS; i = i + 1) begin:pair
      if (i == 0)
        CCU2C #(
          .INIT0({12'b0, FIRST}), .INIT1(SUM), .INJECT1_0("NO"), .INJECT1_1("NO")
        ) cell_i (
          .A0(half_a[0]), .B0(half_b[0]), .C0(1'b1), .D0(1'b1),
          .A1(half_a[1]), .B1(half_b[1]), .C1(BI), .D1(1'b1),
          .S1(half_y[1]), .COUT(carry[1])
        );
      else
        CCU2C #(
          .INIT0(SUM), .INIT1(SUM), .INJECT1_0("NO"), .INJECT1_1("NO")
        ) cell_i (
          .CIN(carry[i]),
          .A0(half_a[2*i]), .B0(half_b[2*i]), .C0(BI), .D0(1'b1),
          .A1(half_a[2*i+1]), .B1(half_b[2*i+1]), .C1(BI), .D1(1'b1),
          .S0(half_y[2*i]), .S1(half_y[2*i+1]), .COUT(carry[i+1])
        );
    end
  endgenerate
endmodule
